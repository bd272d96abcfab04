"""Writes texts of mixed lengths for bench/serve/run, one per line: texts.py FILE [COUNT] [MEDIAN_WORDS]"""

import random
import sys

WORDS = """the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were
all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time
new some could these two may first then do any like my now over such our man me even most made after also did many off before must well
back through years much where your way down should because long each just state people too mr how little good world make very year still
see own work men day get here old between both life being under three never know same last another while us might great go come since
against right came take used himself few house use place during without high again home around small however found thought went say part
once general upon school every don does got united left number course war until always away something fact water less public put think
almost hand enough far took head yet better set told nothing night end why called didn't eyes find going look asked later point knew
retrieval embedding vector document query passage ranking token language model search index sparse dense score lexical""".split()


def main():
    path, count, median = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000, float(sys.argv[3]) if len(sys.argv) > 3 else 50
    draw = random.Random(7)
    with open(path, "w", encoding="utf-8") as out:
        for _ in range(count):
            words = max(3, min(500, round(draw.lognormvariate(0, 0.8) * median)))
            out.write(" ".join(draw.choice(WORDS) for _ in range(words)) + "\n")


main()
