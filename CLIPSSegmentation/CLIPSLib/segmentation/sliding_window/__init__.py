"""Networks over volumes that are larger than what fits at once. Loads torch; reached only when a network runs."""
