"""What a load run leaves behind and shows: verdict, page, series, lines of the terminal."""
