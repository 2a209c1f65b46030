"""What has time: cores, memory system, synchronisation, tile port, systems and their energy."""
