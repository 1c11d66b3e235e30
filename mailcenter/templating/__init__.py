"""Mail templates that somebody may edit without being trusted with the site.

An engine of their own, a contract that says what each may use and must show, and advice on how
mail programs will take the result.
"""

from mailcenter.templating.variables import Case, Contract, Parts, Variable

__all__ = ["Case", "Contract", "Parts", "Variable"]
