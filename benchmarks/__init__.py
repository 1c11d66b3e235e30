"""What sending costs, beside other queues for Django: `make bench`."""
