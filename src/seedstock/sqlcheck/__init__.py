"""What can be known of a SQL query: does it parse, bind, run, and give what it should."""
