// Token embeddings, the first step of the forward pass (Devlin et al. 2018, section 3, figure 2), with the single token
// type of XLM-RoBERTa.

#include "element.cuh"

/** word + token type + position, added in this order */
struct EmbeddingRow {
    const Element* word;
    const Element* position;
    const float* tokenType;

    struct Packs {
        uint4 word;
        uint4 position;
    };

    DEVICE float at(int column) const {
        return (toFloat(word[column]) + tokenType[column]) + toFloat(position[column]);
    }

    DEVICE void load(Packs& packs, int column) const {
        packs.word = loadPack(word + column);
        packs.position = loadPack(position + column);
    }

    DEVICE void sum(float (&x)[PACK], const Packs& packs, int column) const {
        float positions[PACK];
        float types[PACK];
        unpack(x, packs.word);
        unpack(positions, packs.position);
        loadFloats(types, tokenType + column);
#pragma unroll
        for (int i = 0; i < PACK; i++) {
            x[i] = (x[i] + types[i]) + positions[i];
        }
    }
};

// out [T, C] = norm(words[tokenIds] + tokenType + positions[positionIds]); words [V, C], positions [P, C].
// Each block is one warp and handles one row: grid (T), block (32).
extern "C" __global__ void __launch_bounds__(WARP)
embed(Element* out, const int* tokenIds, const int* positionIds, const Element* words, const Element* positions,
      const float* tokenType, const float* gamma, const float* beta, float epsilon, int C) {
    const long long token = blockIdx.x;
    const EmbeddingRow row{words + static_cast<long long>(tokenIds[token]) * C,
                           positions + static_cast<long long>(positionIds[token]) * C, tokenType};
    Element* outRow = out + token * C;
    if (C % PACK == 0 && C <= NORM_COLUMNS && aligned(out, words, positions, tokenType, gamma, beta)) {
        layerNormInRegisters(outRow, row, gamma, beta, epsilon, C, threadIdx.x);
    } else {
        layerNormOfAnyRow(outRow, row, gamma, beta, epsilon, C, threadIdx.x);
    }
}
