"""What `tox -e check` is made of: the command line for it is command.py."""
