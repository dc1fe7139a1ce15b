"""The client's asynchronous half, of which the other is made."""
