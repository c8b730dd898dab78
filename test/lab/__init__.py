"""What the tests share: programs under control, JVMs, certificates."""
