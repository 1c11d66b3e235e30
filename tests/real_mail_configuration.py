"""What Postfix and Dovecot are told; $names are filled in by real_mail_server.py."""

from __future__ import annotations

MAIN = """\
compatibility_level = 3.6
queue_directory = $folder/queue
data_directory = $folder/data
maillog_file = $folder/postfix.log
maillog_file_prefixes = $folder
myhostname = server.$domain
mydestination =
mynetworks =
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
biff = no

# The bytes stay as they came.
local_header_rewrite_clients =
disable_mime_output_conversion = yes

# Nothing leaves.
virtual_mailbox_domains = $domain
virtual_mailbox_maps = regexp:$folder/postfix/mailboxes
virtual_transport = lmtp:unix:$folder/dovecot/lmtp
default_transport = error:5.7.1 no mail leaves this server
relay_transport = error:5.7.1 no mail leaves this server
recipient_delimiter = +
sender_bcc_maps = texthash:$folder/postfix/sent
in_flow_delay = 0

smtpd_tls_cert_file = $certificate
smtpd_tls_key_file = $key
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $folder/dovecot/auth-postfix
smtpd_sasl_auth_enable = yes
broken_sasl_auth_clients = yes
smtpd_sender_login_maps = texthash:$folder/postfix/owners
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject
# A sender is refused at MAIL, not at the first RCPT.
smtpd_delay_reject = no
# A test needs no penance.
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
"""

LIMITS = """\
# Without this loopback is exempt.
smtpd_client_event_limit_exceptions =
smtpd_client_message_rate_limit = $mails
smtpd_client_auth_rate_limit = $logins
"""

MASTER = """\
127.0.0.1:$ssl_port inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
127.0.0.1:$starttls_port inet n - n - - smtpd
  -o smtpd_tls_security_level=may
  -o smtpd_sasl_mechanism_filter=login
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
tlsmgr    unix - - n 1000? 1 tlsmgr
anvil     unix - - n - 1 anvil
lmtp      unix - - n - - lmtp
error     unix - - n - - error
retry     unix - - n - - error
postlog   unix-dgram n - n - 1 postlogd
"""

MAILBOXES = """\
if !/^unknown/
/@/ exists
endif
"""

DOVECOT = """\
base_dir = $folder/dovecot
state_dir = $folder/dovecot
log_path = $folder/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <$certificate
ssl_key = <$key
disable_plaintext_auth = yes

auth_mechanisms = plain login
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $folder/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$folder/mail/%u allow_all_users=yes
}
first_valid_uid = 1
mail_location = maildir:$folder/mail/%u
mail_fsync = never

# A copy to site+Sent@ goes into the folder Sent of site@.
recipient_delimiter = +
lmtp_save_to_detail_mailbox = yes
lda_mailbox_autocreate = yes
namespace inbox {
  inbox = yes
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
}

service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = $imap_port
    ssl = yes
  }
}
service lmtp {
  unix_listener lmtp {
    user = postfix
    mode = 0600
  }
}
service auth {
  unix_listener auth-postfix {
    user = postfix
    mode = 0600
  }
}
# Wrong passwords from loopback are part of the tests.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""
