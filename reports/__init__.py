"""What a run leaves behind: its record, the verdict drawn from it, and the page that people read.

Everything here works from a record alone. Nothing here runs a check or imports a framework.
"""
