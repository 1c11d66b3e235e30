"""The providers' own pages about their replies."""

QQ_LOG_IN = "https://help.mail.qq.com/detail/108/1023"
QQ_TLS = "https://help.mail.qq.com/detail/0/1010"
QQ_FROM_HEADER = "https://service.mail.qq.com/detail/124/995"
NETEASE_REFUSALS = "http://help.163.com/09/1224/17/5RAJ4LMH00753VB8.html"
GMAIL_ERRORS = "https://support.google.com/a/answer/3726730"
OUTLOOK_SMTP_AUTH = (
    "https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/"
    "authenticated-client-smtp-submission"
)
OUTLOOK_REPORTS = (
    "https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/"
    "non-delivery-reports-in-exchange-online"
)
ALIYUN_REFUSALS = "https://help.aliyun.com/document_detail/36612.html"
DIRECTMAIL_CODES = (
    "https://www.alibabacloud.com/help/zh/directmail/latest/"
    "summary-of-common-email-return-codes-and-solutions"
)
