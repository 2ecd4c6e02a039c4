"""What a run is: the graph, its parameters and rules, window arithmetic, and the media that go in and come out."""
