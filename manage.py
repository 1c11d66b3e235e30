#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django
    from django.core.management import execute_from_command_line

    from project.terminal_language import speak_the_terminals_language

    django.setup()
    speak_the_terminals_language()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
