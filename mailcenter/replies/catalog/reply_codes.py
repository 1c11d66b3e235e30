"""Where no enhanced code is given: the reply codes of SMTP, by the standards alone."""

from mailcenter.replies.catalog.stages import SINCE_MAIL, SINCE_RCPT
from mailcenter.replies.catalog.waits import HOUR
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Stage

AGAIN = Words(
    zh="会自动重试，间隔逐渐拉长，不用处理。",
    en="It is tried again by itself at growing intervals. There is nothing to do.",
)

ENTRIES = (
    Entry(
        "closing-421",
        VerdictClass.TEMPORARY,
        code="421",
        retry=True,
        cause=Words(
            zh="服务器暂时不提供服务，正在断开连接：在维护、太忙，或连接空闲太久。",
            en="The server is closing the connection: it is busy, under maintenance, or waited "
            "too long for us.",
        ),
        cure=AGAIN,
        source="RFC 5321 sections 3.8 and 4.2.3",
    ),
    Entry(
        "try-again-450",
        VerdictClass.TEMPORARY,
        code="450",
        retry=True,
        cause=Words(
            zh="收件人的邮箱暂时用不了，例如正忙，或被对方的规则暂缓。",
            en="The mailbox is not available right now: busy, or held back by the server's rules.",
        ),
        cure=AGAIN,
        source="RFC 5321 section 4.2.3",
    ),
    Entry(
        "try-again-451",
        VerdictClass.TEMPORARY,
        code="451",
        retry=True,
        cause=Words(
            zh="服务器处理时自己出了错，这次没有完成。",
            en="The server ran into an error of its own and gave this try up.",
        ),
        cure=AGAIN,
        source="RFC 5321 section 4.2.3",
    ),
    Entry(
        "no-storage-452",
        VerdictClass.TEMPORARY,
        code="452",
        retry=True,
        cause=Words(
            zh="服务器空间暂时不够，或一次只收这么多收件人。",
            en="The server is short of space right now, or takes no more recipients at once.",
        ),
        cure=AGAIN,
        source="RFC 5321 sections 4.2.3 and 4.5.3.1.10",
    ),
    Entry(
        "not-now-454",
        VerdictClass.TEMPORARY,
        code="454",
        retry=True,
        cause=Words(
            zh="服务器暂时无法完成登录或加密（STARTTLS）。",
            en="The server can't offer log-in or encryption (STARTTLS) right now.",
        ),
        cure=Words(
            zh="会自动重试。若一直这样，请改用 465 端口加 SSL，或到网页版看账号是否正常。",
            en="It is tried again by itself. If it goes on, use port 465 with SSL, or look at the "
            "account on the web.",
        ),
        source="RFC 3207 section 4; RFC 4954 section 6",
    ),
    Entry(
        "parameters-455",
        VerdictClass.TEMPORARY,
        code="455",
        retry=True,
        cause=Words(
            zh="服务器暂时无法处理命令中的参数。",
            en="The server can't meet the demands of a command right now.",
        ),
        cure=AGAIN,
        source="RFC 5321 section 4.2.3",
    ),
    Entry(
        "command-refused",
        VerdictClass.PROTOCOL,
        code="50[0-4]|555",
        stages=SINCE_MAIL,
        cause=Words(
            zh="服务器看不懂这条命令，或不支持它的参数。",
            en="The server does not understand a command, or not its parameters.",
        ),
        cure=Words(
            zh="看尝试记录里的对话，检查发件和收件地址有没有特殊字符；看不出来就把对话交给开发者。",
            en="Read the dialogue in the attempt and look for odd characters in the addresses. "
            "If nothing shows, hand the dialogue to the developers.",
        ),
        source="RFC 5321 section 4.2.3",
    ),
    Entry(
        "log-in-not-done",
        VerdictClass.AUTH,
        code="53[458]",
        stages=SINCE_MAIL,
        cause=Words(
            zh="登录不被认可，或加密不够，服务器因此不收这封邮件。",
            en="The log-in does not count, or the encryption is too weak, so the mail was not "
            "taken.",
        ),
        cure=Words(
            zh="核对账号、密码和加密方式（465 加 SSL，或 587 加 STARTTLS），改好后重发。",
            en="Check name, password and the kind of TLS (465 with SSL, or 587 with STARTTLS), "
            "then resend.",
        ),
        source="RFC 4954 section 6",
    ),
    Entry(
        "domain-takes-no-mail",
        VerdictClass.RECIPIENT_UNKNOWN,
        code="521|556",
        stages=SINCE_RCPT,
        cause=Words(
            zh="收件域名声明不收任何邮件。",
            en="The recipient's domain takes no mail at all.",
        ),
        cure=Words(
            zh="请用户核对 @ 后面的域名，或换一个邮箱。",
            en="Ask the person to check the part after the @, or to give another address.",
        ),
        source="RFC 7504",
    ),
    Entry(
        "refused-550",
        VerdictClass.POLICY,
        code="550",
        stages=SINCE_MAIL,
        cause=Words(
            zh="服务器拒收：邮箱不可用、没有权限，或被对方的规则拦下，原话里有具体原因。",
            en="The server refused: no such mailbox, no access, or forbidden by its rules. Its "
            "own words say which.",
        ),
        cure=Words(
            zh="请看服务器的原始回复：若提到地址，请用户核对；若提到内容或频率，调整后重发；"
            "看不懂就把原话发给服务商的客服。",
            en="Read the server's words. If they name the address, have it checked; if content or "
            "frequency, change that and resend. If they are unclear, ask the provider's support.",
        ),
        source="RFC 5321 section 4.2.3",
    ),
    Entry(
        "moved-551",
        VerdictClass.RECIPIENT_UNKNOWN,
        code="551",
        stages=(Stage.RCPT,),
        cause=Words(
            zh="收件人不在这台服务器上，已经换了地址。",
            en="The recipient is not at this server any more and has another address.",
        ),
        cure=Words(
            zh="看原话里有没有新地址；请用户改成新邮箱再提交。",
            en="See whether the reply names the new address, and ask the person to enter it.",
        ),
        source="RFC 5321 section 3.4",
    ),
    Entry(
        "storage-552",
        VerdictClass.RECIPIENT_FULL,
        code="552",
        stages=(Stage.RCPT,),
        retry=True,
        after=6 * HOUR,
        max_attempts=3,
        cause=Words(
            zh="收件人的邮箱空间不够了。",
            en="The recipient's mailbox has no room left.",
        ),
        cure=Words(
            zh="每隔几小时自动重试，最多三次。请用户清理邮箱，或换一个地址。",
            en="It is tried again some hours later, three times at most. Ask the person to make "
            "room or to give another address.",
        ),
        source="RFC 5321 section 4.2.3",
    ),
    Entry(
        "too-much-552",
        VerdictClass.CONTENT_REJECTED,
        code="552",
        stages=(Stage.MAIL, Stage.DATA, Stage.BODY),
        cause=Words(
            zh="邮件超过了对方允许的大小，或对方的空间不够放。",
            en="The mail is larger than the server takes, or than the room it has left.",
        ),
        cure=Words(
            zh="压缩或去掉附件，改用下载链接，然后重发。",
            en="Shrink or drop the attachments, or offer them by link, then resend.",
        ),
        source="RFC 5321 section 4.5.3.1.9; RFC 1870",
    ),
    Entry(
        "mailbox-name-553",
        VerdictClass.RECIPIENT_UNKNOWN,
        code="553",
        stages=(Stage.RCPT,),
        cause=Words(
            zh="服务器不接受这个收件地址的写法。",
            en="The server does not accept the way this recipient's address is written.",
        ),
        cure=Words(
            zh="请用户核对邮箱地址，改正后重新提交。",
            en="Ask the person to check the address and to enter it again.",
        ),
        source="RFC 5321 section 4.2.3",
    ),
    Entry(
        "refused-554",
        VerdictClass.POLICY,
        code="554",
        stages=SINCE_MAIL,
        cause=Words(
            zh="这次投递失败，服务器拒收，原因见它的原话。",
            en="The transaction failed: the server refused the mail, and its own words give the "
            "reason.",
        ),
        cure=Words(
            zh="请看服务器的原始回复，多半是内容或发件信誉的问题；改好后重发，"
            "看不懂就把原话发给服务商的客服。",
            en="Read the server's words: mostly it is the content or the sender's reputation. Put "
            "that right and resend; if they are unclear, ask the provider's support.",
        ),
        source="RFC 5321 section 4.2.3",
    ),
)
