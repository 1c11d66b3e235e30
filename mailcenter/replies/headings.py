"""What stands above each part of an explanation, on a terminal and in docs/replies*.md."""

from mailcenter.replies.entry import Words

REPLY = Words(zh="服务器的回复", en="What the server says")
WHOSE = Words(zh="出自哪家服务商", en="Whose words")
STAGE = Words(zh="阶段", en="Stage")
CLASS = Words(zh="类别", en="Class")
BY_ITSELF = Words(zh="自动处理", en="By itself")
CAUSE = Words(zh="原因", en="Cause")
CURE = Words(zh="处理办法", en="What to do")
PAGE = Words(zh="服务商的说明", en="The provider's page")
SOURCE = Words(zh="依据", en="Source")
UNKNOWN = Words(
    zh="速查表里没有这句回复，以上仅按回复码推断。",
    en="The catalogue does not know these words; this follows from the code alone.",
)
