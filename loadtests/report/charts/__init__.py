"""Charts as inline SVG: scales, axes, lines with their names beside them. No colours: those are the style sheet's."""
