"""What a colorizer is shown: drawings, their areas, paper and pen."""
