"""Storage pools and volumes of a host: looked at, and everything that is done with them."""
