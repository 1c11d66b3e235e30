"""What the admin's pages cost with a million mails, beside another admin: `make bench-admin`."""
