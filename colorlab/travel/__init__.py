"""Models that travel: folders for hubs, their cards, a list of what is here, graphs for other
programs."""
