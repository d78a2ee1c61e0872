"""What each command says, in words for people and as one JSON document for programs; one file for commands that belong together."""
