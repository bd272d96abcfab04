package dev.bgem3.torch;

import dev.bgem3.text.Messages;
import dev.bgem3.weights.DType;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A value that the pickle machine can build. A hostile pickle may make a dict that contains itself, so no
 * code traverses these values, compares them or prints them whole.
 */
sealed interface PickleValue {
    /** Describes the value for a message. */
    String describe();

    /** A string. */
    record Text(String value) implements PickleValue {
        @Override
        public String describe() {
            return "the string \"" + Messages.printable(value) + "\"";
        }
    }

    /** A 64-bit integer. */
    record Int(long value) implements PickleValue {
        @Override
        public String describe() {
            return "the integer " + value;
        }
    }

    /** None, a boolean or a floating-point number, whose value is never needed. */
    record Scalar(String describe) implements PickleValue {}

    /** A tuple. */
    record Tuple(List<PickleValue> elements) implements PickleValue {
        @Override
        public String describe() {
            return "a tuple of " + elements.size();
        }
    }

    /** A list; its elements are dropped, because nothing in a state dict needs them. */
    record Sequence() implements PickleValue {
        @Override
        public String describe() {
            return "a list";
        }
    }

    /** A dict or an OrderedDict with string keys; the only value that is mutable. */
    final class Dict implements PickleValue {
        final SequencedMap<String, PickleValue> members = new LinkedHashMap<>();

        @Override
        public String describe() {
            return "a dict of " + members.size();
        }
    }

    /** A storage: {@code elementCount} elements in the entry {@code data/key}. */
    record Storage(DType dtype, String key, long elementCount) implements PickleValue {
        @Override
        public String describe() {
            return "the storage \"" + Messages.printable(key) + "\"";
        }
    }

    /** A tensor: an unchecked view of a storage, with offset and stride in elements. */
    record View(Storage storage, long offset, long[] size, long[] stride) implements PickleValue {
        @Override
        public String describe() {
            return "a tensor " + Arrays.toString(size);
        }
    }

    /** The allow-list: every name that a pickle may import. */
    enum Global implements PickleValue {
        REBUILD_TENSOR("torch._utils._rebuild_tensor_v2", null), //
        REBUILD_PARAMETER("torch._utils._rebuild_parameter", null), //
        ORDERED_DICT("collections.OrderedDict", null), //
        FLOAT_STORAGE("torch.FloatStorage", DType.F32), //
        HALF_STORAGE("torch.HalfStorage", DType.F16), //
        BFLOAT16_STORAGE("torch.BFloat16Storage", DType.BF16), //
        DOUBLE_STORAGE("torch.DoubleStorage", DType.F64), //
        LONG_STORAGE("torch.LongStorage", DType.I64), //
        INT_STORAGE("torch.IntStorage", DType.I32), //
        SHORT_STORAGE("torch.ShortStorage", DType.I16), //
        CHAR_STORAGE("torch.CharStorage", DType.I8), //
        BYTE_STORAGE("torch.ByteStorage", DType.U8), //
        BOOL_STORAGE("torch.BoolStorage", DType.BOOL);

        private final String qualifiedName;
        private final DType storageType;

        Global(String qualifiedName, DType storageType) {
            this.qualifiedName = qualifiedName;
            this.storageType = storageType;
        }

        static Optional<Global> named(String qualifiedName) {
            return Arrays.stream(values()).filter(global -> global.qualifiedName.equals(qualifiedName))
                    .findFirst();
        }

        /** Returns the element type of a storage class; empty for a function. */
        Optional<DType> storageType() {
            return Optional.ofNullable(storageType);
        }

        @Override
        public String describe() {
            return qualifiedName;
        }
    }
}
