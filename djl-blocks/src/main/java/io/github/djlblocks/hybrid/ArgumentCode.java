package io.github.djlblocks.hybrid;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The arguments of a method, put together from a list {@code x} of tensors. */
final class ArgumentCode {

    private final ScriptClass.Method method;
    private final ScriptOutputs types;
    private final List<InputSpec> inputs;
    private final Map<String, Object> constants;

    ArgumentCode(
            ScriptClass.Method method,
            ScriptOutputs types,
            List<InputSpec> declared,
            Map<String, Object> constants) {
        this.method = method;
        this.types = types;
        this.constants = constants;
        inputs = declared.isEmpty() ? required() : named(declared);
        requireKnown();
    }

    /** What a call is given, in its order. */
    List<InputSpec> inputs() {
        return inputs;
    }

    /** The text between the parentheses of the call. */
    String text() {
        Map<String, List<Integer>> places = new LinkedHashMap<>();
        for (int i = 0; i < inputs.size(); i++) {
            places.computeIfAbsent(inputs.get(i).argument(), key -> new ArrayList<>()).add(i);
        }
        StringJoiner text = new StringJoiner(", ");
        for (ScriptClass.Argument argument : method.arguments()) {
            List<Integer> given = places.get(argument.name());
            String value =
                    given == null
                            ? literal(argument)
                            : expression(argument, argument.type().required(), given);
            if (value != null) {
                text.add(argument.name() + "=" + value);
            }
        }
        return text.toString();
    }

    private List<InputSpec> required() {
        List<InputSpec> found = new ArrayList<>();
        for (ScriptClass.Argument argument : method.arguments()) {
            if (argument.value() != null || constants.containsKey(argument.name())) {
                continue;
            }
            ScriptType type = argument.type();
            if (type.isTensor()) {
                found.add(new InputSpec(argument.name(), null, null));
            } else if (types.isTuple(type) && types.leaves(type) > 0) {
                for (int i = 0; i < types.leaves(type); i++) {
                    found.add(new InputSpec(argument.name() + "()", null, null));
                }
            } else if (!type.is("Optional")) {
                throw new IllegalArgumentException(
                        "argument '"
                                + argument
                                + "' of method "
                                + method
                                + " cannot be filled without being told how: add inputs as '"
                                + argument.name()
                                + "[]' or '"
                                + argument.name()
                                + ".key', or optArgument(\""
                                + argument.name()
                                + "\", value)");
            }
        }
        return found;
    }

    /** Inputs without names have those of the arguments that are tensors, in order. */
    private List<InputSpec> named(List<InputSpec> declared) {
        if (declared.stream().noneMatch(input -> input.name().isEmpty())) {
            return declared;
        }
        List<String> names =
                method.arguments().stream()
                        .filter(argument -> argument.type().required().isTensor())
                        .map(ScriptClass.Argument::name)
                        .toList();
        if (names.size() < declared.size()) {
            throw new IllegalArgumentException(
                    "the example has "
                            + declared.size()
                            + " arrays, but method "
                            + method
                            + " has "
                            + names.size()
                            + " arguments that are tensors: name the arrays after the arguments");
        }
        List<InputSpec> all = new ArrayList<>();
        for (int i = 0; i < declared.size(); i++) {
            InputSpec input = declared.get(i);
            all.add(new InputSpec(names.get(i), input.shape(), input.type()));
        }
        return all;
    }

    private void requireKnown() {
        String known =
                method.arguments().stream()
                        .map(ScriptClass.Argument::name)
                        .collect(Collectors.joining(", "));
        List<String> given = new ArrayList<>(inputs.stream().map(InputSpec::argument).toList());
        given.addAll(constants.keySet());
        for (String name : given) {
            if (method.arguments().stream().noneMatch(each -> each.name().equals(name))) {
                throw new IllegalArgumentException(
                        "method " + method + " has no argument '" + name + "', but " + known);
            }
        }
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException(
                    "method " + method + " takes no tensor: a block needs an input");
        }
    }

    private @Nullable String literal(ScriptClass.Argument argument) {
        Object value = constants.get(argument.name());
        if (value instanceof String text) {
            return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
        }
        if (value instanceof Boolean flag) {
            return flag ? "True" : "False";
        }
        if (value != null) {
            return value.toString();
        }
        if (argument.value() != null) {
            return null;
        }
        if (argument.type().is("Optional")) {
            return "None";
        }
        throw new IllegalArgumentException(
                "argument '"
                        + argument
                        + "' of method "
                        + method
                        + " is not given: add an input of this name, or optArgument(\""
                        + argument.name()
                        + "\", value)");
    }

    private String expression(ScriptClass.Argument argument, ScriptType type, List<Integer> at) {
        if (type.is("Dict")) {
            return at.stream()
                    .map(i -> "\"" + inputs.get(i).key() + "\": x[" + i + "]")
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        int each = type.is("List") ? types.leaves(type.arguments().get(0)) : types.leaves(type);
        boolean fits = type.is("List") ? at.size() % Math.max(1, each) == 0 : at.size() == each;
        if (each < 1 || !fits) {
            throw new IllegalArgumentException(
                    "argument '"
                            + argument
                            + "' of method "
                            + method
                            + " cannot be made of "
                            + at.size()
                            + " input(s)"
                            + (each < 1 ? "" : ", each takes " + each));
        }
        Iterator<Integer> next = at.iterator();
        if (!type.is("List")) {
            return build(type, next);
        }
        StringJoiner list = new StringJoiner(", ", "[", "]");
        while (next.hasNext()) {
            list.add(build(type.arguments().get(0), next));
        }
        return list.toString();
    }

    private String build(ScriptType type, Iterator<Integer> next) {
        if (type.required().isTensor()) {
            return "x[" + next.next() + "]";
        }
        StringBuilder tuple = new StringBuilder("(");
        type.required()
                .arguments()
                .forEach(element -> tuple.append(build(element, next)).append(", "));
        return tuple.append(")").toString();
    }
}
