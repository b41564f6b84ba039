"""What is said between us and the CRM, as values: pure functions, no sockets, no clock."""
