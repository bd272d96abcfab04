#!/usr/bin/env python3
"""Trains the SentencePiece unigram model and writes the tokenizer's files in XLM-R's layout.

  python train_tokenizer.py --data DATA --out MODEL [--vocab-size 15000]

Ids follow XLM-R (fairseq): <s> 0, <pad> 1, </s> 2, <unk> 3, SentencePiece's id i >= 3 becomes i + 1, <mask> comes last.
"""
import argparse
import collections
import json
import os
import random

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

TEXTS_BY_LANGUAGE = dict(en=60000, zh=60000, de=13000, fr=11000, es=11000, ru=10000, ja=12000)
WORD_MARK = "\u2581"


def write_corpus(data, corpus):
    """Writes a fixed sample of each language's texts, one per line."""
    by_language = collections.defaultdict(set)
    with open(f"{data}/train.jsonl", encoding="utf-8") as file:
        for row in map(json.loads, file):
            by_language[row["ql"]].add(row["q"])
            by_language[row["pl"]].add(row["p"])
    rnd = random.Random(3)
    with open(corpus, "w", encoding="utf-8") as file:
        for language, most in TEXTS_BY_LANGUAGE.items():
            texts = sorted(by_language[language])
            rnd.shuffle(texts)
            file.writelines(text[:400] + "\n" for text in texts[:most])
            print(language, len(texts[:most]))


def train(corpus, prefix, vocab_size):
    """Trains with two pieces fewer than the model has, because <pad> and <mask> are not in SentencePiece's file."""
    spm.SentencePieceTrainer.train(
        input=corpus, model_prefix=prefix, model_type="unigram", vocab_size=vocab_size - 2,
        normalization_rule_name="nmt_nfkc", byte_fallback=False, character_coverage=0.9995,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, num_threads=2, seed_sentencepiece_size=150000, minloglevel=1)
    os.remove(prefix + ".vocab")


def to_tokenizer(model_file, vocab_size):
    """Converts the model with transformers' XLMRobertaConverter, in the layout of BAAI/bge-m3's tokenizer.json."""
    pieces = spm.SentencePieceProcessor(model_file=model_file)
    size = pieces.get_piece_size()
    assert size == vocab_size - 2
    vocab = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocab += [(pieces.id_to_piece(i), pieces.get_score(i)) for i in range(3, size)] + [("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=3, byte_fallback=False))
    model = sentencepiece_model_pb2.ModelProto()
    with open(model_file, "rb") as file:
        model.ParseFromString(file.read())
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap),
        normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(),
        pre_tokenizers.Metaspace(replacement=WORD_MARK, prepend_scheme="always")])
    tokenizer.decoder = decoders.Metaspace(replacement=WORD_MARK, prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in ("<s>", "<pad>", "</s>", "<unk>")]
        + [AddedToken("<mask>", lstrip=True, special=True, normalized=False)])
    assert tokenizer.get_vocab_size() == vocab_size and tokenizer.token_to_id("<mask>") == vocab_size - 1
    return tokenizer


def write_settings(out, vocab_size, max_length):
    """Writes special_tokens_map.json and tokenizer_config.json."""
    names = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>", sep_token="</s>", pad_token="<pad>",
                 cls_token="<s>")
    mask = {"content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False}
    with open(f"{out}/special_tokens_map.json", "w") as file:
        json.dump({**names, "mask_token": mask}, file, indent=2)
    special = (("<s>", 0), ("<pad>", 1), ("</s>", 2), ("<unk>", 3), ("<mask>", vocab_size - 1))
    added = {str(i): {"content": token, "lstrip": token == "<mask>", "normalized": False, "rstrip": False,
                      "single_word": False, "special": True} for token, i in special}
    with open(f"{out}/tokenizer_config.json", "w") as file:
        json.dump({"added_tokens_decoder": added, **names, "mask_token": "<mask>", "clean_up_tokenization_spaces": True,
                   "model_max_length": max_length, "tokenizer_class": "XLMRobertaTokenizer"}, file, indent=2)


def compare(corpus, model_file, tokenizer):
    """Prints for how many lines of the corpus both files give the same ids; they may resolve ties differently."""
    pieces = spm.SentencePieceProcessor(model_file=model_file)
    with open(corpus, encoding="utf-8") as file:
        lines = [line.strip() for line in list(file)[::97]]
    same = 0
    for line in lines:
        expected = [0] + [i + 1 if i else 3 for i in pieces.encode(line)] + [2]
        same += expected == tokenizer.encode(line).ids
    print(f"tokenizer.json and sentencepiece.bpe.model agree on {same} of {len(lines)} lines")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--vocab-size", type=int, default=15000, help="vocabulary size of the model")
    parser.add_argument("--max-length", type=int, default=1024)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    corpus, prefix = f"{args.data}/spm.txt", f"{args.out}/sentencepiece.bpe"
    write_corpus(args.data, corpus)
    train(corpus, prefix, args.vocab_size)
    tokenizer = to_tokenizer(prefix + ".model", args.vocab_size)
    tokenizer.save(f"{args.out}/tokenizer.json")
    write_settings(args.out, args.vocab_size, args.max_length)
    compare(corpus, prefix + ".model", tokenizer)


if __name__ == "__main__":
    main()
