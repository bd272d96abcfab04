package dev.bgem3.model;

/**
 * XLM-RoBERTa (Conneau et al. 2020): BERT's encoder, except that positions start after the padding id.
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
}
