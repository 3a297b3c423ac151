"""The mathematics that the frameworks are judged by, in NumPy and SciPy alone.

Every function here computes in the format of its inputs: float64, ``numpy.longdouble``, or object arrays of
python-flint balls (NumPy's ufuncs call the method of the same name on each object). Each is textbook mathematics, with
its source, in its numerically stable form; each is tested in ``meta_tests`` against an independent authority. Nothing
here imports a framework.
"""
