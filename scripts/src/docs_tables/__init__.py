"""What terraform/ declares, as plain data (`source`), and the tables made of it (`tables`)."""
