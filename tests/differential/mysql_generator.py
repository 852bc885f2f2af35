def generate(seed, count):
    return iter(())
