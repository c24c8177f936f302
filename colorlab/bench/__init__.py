"""Speed as ratios, each measured in one run: what the suite takes beside what its papers, its peers
and their packages take for the same work."""
