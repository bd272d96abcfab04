package dev.bgem3.architecture;

import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.InnerClassInfo;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.lang.reflect.AccessFlag;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What a class file says of a type.
 *
 * <p>
 * The types that it uses are all that its constant pool names, in entries for classes and in descriptors and
 * signatures. That is more than its code calls: javac also leaves an entry for the class of a constant whose
 * value it copies, which tools that read the code alone do not see.
 *
 * @param name
 *            its full name, with {@code $} before a nested type's own
 * @param used
 *            the full names of other types
 * @param isPackagePrivate
 *            whether it is a top-level or member type that its package alone can see
 */
record CompiledType(String name, Set<String> used, boolean isPackagePrivate) {
    /** A type in a descriptor or in a signature, where type arguments may follow its name. */
    private static final Pattern IN_DESCRIPTOR = Pattern.compile("L([\\w$]+(?:/[\\w$]+)+)[;<]");

    static CompiledType read(Path file) throws IOException {
        ClassModel model = ClassFile.of().parse(file);
        Set<String> used = new TreeSet<>();
        for (PoolEntry entry : model.constantPool()) {
            switch (entry) {
                case ClassEntry type when !type.asInternalName().startsWith("[") ->
                    used.add(fullName(type.asInternalName()));
                case Utf8Entry text -> IN_DESCRIPTOR.matcher(text.stringValue()).results()
                        .map((MatchResult match) -> fullName(match.group(1))).forEach(used::add);
                default -> {
                }
            }
        }
        String name = fullName(model.thisClass().asInternalName());
        used.remove(name);
        return new CompiledType(name, used, isPackagePrivate(model));
    }

    String packageName() {
        return packageOf(name);
    }

    static String packageOf(String type) {
        int end = type.lastIndexOf('.');
        return end < 0 ? "" : type.substring(0, end);
    }

    private static boolean isPackagePrivate(ClassModel model) {
        // A nested type's own flags are in this attribute; the class file's hold "public" or nothing.
        return model.findAttribute(Attributes.innerClasses()).stream()
                .flatMap(attribute -> attribute.classes().stream())
                .filter(nested -> nested.innerClass().equals(model.thisClass())).findFirst()
                .map(CompiledType::isPackagePrivateMember)
                .orElseGet(() -> !model.flags().has(AccessFlag.PUBLIC));
    }

    /** An anonymous or local class has no outer class here. */
    private static boolean isPackagePrivateMember(InnerClassInfo nested) {
        return nested.outerClass().isPresent() && !nested.has(AccessFlag.PUBLIC)
                && !nested.has(AccessFlag.PROTECTED) && !nested.has(AccessFlag.PRIVATE);
    }

    private static String fullName(String internalName) {
        return internalName.replace('/', '.');
    }
}
