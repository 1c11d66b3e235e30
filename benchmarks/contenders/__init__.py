"""Who is measured: each in a file of its own, at its default and at its documented best."""

from benchmarks.contenders.base import Contender, Run
from benchmarks.contenders.django_mailer import DjangoMailer
from benchmarks.contenders.django_smtp import DjangoSmtp
from benchmarks.contenders.ours import Ours
from benchmarks.contenders.post_office import PostOffice

__all__ = ["Contender", "DjangoMailer", "DjangoSmtp", "Ours", "PostOffice", "Run"]
