"""V2 to V20 by this project's own code, run by every mixer and trustee on their own machine before a key is touched.

The verifier is a second implementation and shares nothing with this one.
"""
