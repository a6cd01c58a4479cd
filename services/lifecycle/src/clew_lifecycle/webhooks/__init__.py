"""What happens here, told to other people's programs: signed, in order, again and again until they have it."""
