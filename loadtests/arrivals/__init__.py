"""When work arrives: from the phases of a profile to the moment of each arrival, and to what it does.

Pure and deterministic by the profile's seed. `processes` draws arrivals as expected counts, evenly or at random, and
divides them over processes; `schedule` turns counts into moments, and gives each arrival its journey.
"""

from loadtests.arrivals.schedule import Arrival, arrivals, offsets

__all__ = ["Arrival", "arrivals", "offsets"]
