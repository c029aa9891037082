"""Who works at headquarters: officials, their roles and where these hold, and the log of what they did."""
