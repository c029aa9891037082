"""The count: the key ceremony, tags, mixes, decryption and tally, on the machines of trustees and mixers, by files.

It never talks to a station, to headquarters or to a network; what it needs and what it leaves are files.
"""
