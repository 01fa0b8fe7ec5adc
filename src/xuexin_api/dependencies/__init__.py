"""From a request to the service that answers it: session → repositories → service, and who is asking."""
