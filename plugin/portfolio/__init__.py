"""The portfolio: figures over many customers, from contributions that add up. Pure."""
