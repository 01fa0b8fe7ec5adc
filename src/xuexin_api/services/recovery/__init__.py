"""找回: back to an account whose username, password or channels are lost."""
