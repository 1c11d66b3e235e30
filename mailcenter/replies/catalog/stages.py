"""From which command on a reply can be about the mail."""

from mailcenter.replies.reply import Stage

# Before MAIL nothing of the mail has been said: a refusal there is the account's trouble.
SINCE_MAIL = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)
# Before RCPT no reply can be about the recipient, and a good address must not be given up.
SINCE_RCPT = (Stage.RCPT, Stage.DATA, Stage.BODY)
