"""When work arrives: from the phases of a profile to the moment of each arrival, and to what it does.

Pure and deterministic by the profile's seed. `clock` turns expected counts into moments, `processes` draws the counts
(evenly or at random) and divides them over processes, `schedule` gives each arrival its journey.
"""
