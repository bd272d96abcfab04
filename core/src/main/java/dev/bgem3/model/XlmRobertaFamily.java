package dev.bgem3.model;

/**
 * XLM-RoBERTa (Conneau et al. 2020): BERT's encoder, except that positions are counted from the one after
 * padding's.
 */
final class XlmRobertaFamily extends BertFamily {
    @Override
    public String modelType() {
        return "xlm-roberta";
    }

    @Override
    int firstPosition(int padTokenId) {
        return padTokenId + 1;
    }

    /** A table of another length is a sign of another model's tokenizer. */
    @Override
    public int maxSpareRows() {
        return 0;
    }
}
