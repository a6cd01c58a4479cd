"""What runs every service: settings, the rail, HTTP, the engines, the command line."""
