package io.github.djlblocks.hybrid;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** The text of the class around a module: a call of one of its methods, and its tensors. */
final class PartCode {

    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Set<String> WORDS =
            Set.of(
                    "and",
                    "as",
                    "assert",
                    "break",
                    "class",
                    "continue",
                    "def",
                    "del",
                    "elif",
                    "else",
                    "except",
                    "finally",
                    "for",
                    "from",
                    "global",
                    "if",
                    "import",
                    "in",
                    "is",
                    "lambda",
                    "nonlocal",
                    "not",
                    "or",
                    "pass",
                    "print",
                    "raise",
                    "return",
                    "try",
                    "while",
                    "with",
                    "yield",
                    "async",
                    "await",
                    "None",
                    "True",
                    "False");

    private static final String TEXT =
            """
            class Part(Module):
              __parameters__ = []
              __buffers__ = []
              $ATTRIBUTE : $ROOT
              training : bool
              box : List[Tensor]
              names : List[str]
              def portable(self: $PART,
                v: Tensor) -> Tensor:
                code = ops.prim.dtype(v)
                if torch.eq(code, 15):
                  r = torch.to(v, 6)
                else:
                  if torch.eq(code, 2):
                    r = torch.to(v, 3)
                  else:
                    if torch.__contains__([0, 1, 3, 4, 5, 6, 7, 11], code):
                      r = v
                    else:
                      ops.prim.RaiseException("an output has a type that cannot leave TorchScript", "builtins.RuntimeError")
                      r = v
                return r
              def put(self: $PART,
                x: List[Tensor]) -> NoneType:
                self.box = x
                return None
              def last_names(self: $PART) -> List[str]:
                return self.names
            """;

    private static final String CALL =
            """
              def run$N(self: $PART,
                x: List[Tensor]) -> Tuple[List[Tensor], List[str]]:
                y = (self.$ATTRIBUTE).$METHOD($ARGUMENTS, )
                out = annotate(List[Tensor], [])
                names = annotate(List[str], [])
            $OUTPUTS    return (out, names)
              def train_step$N(self: $PART,
                t: Tensor) -> List[Tensor]:
                x = self.box
                self.box = annotate(List[Tensor], [])
                r = (self).run$N(x, )
                self.names = r[1]
                return r[0]
            """;

    private PartCode() {}

    /** The call of a method; its own number is left open. */
    static String call(ScriptArchive archive, ArgumentCode arguments, ScriptClass.Method method) {
        return CALL.replace("$OUTPUTS", new ScriptOutputs(archive.classes()).code(method))
                .replace("$ARGUMENTS", arguments.text())
                .replace("$METHOD", method.name())
                .replace("$ATTRIBUTE", PartArchive.ATTRIBUTE)
                .replace("$PART", PartArchive.CLASS);
    }

    /** The class with several calls, numbered from 0. */
    static String of(ScriptArchive archive, Iterable<String> calls) {
        StringBuilder text =
                new StringBuilder(
                        TEXT.replace("$ROOT", archive.rootClass())
                                .replace("$ATTRIBUTE", PartArchive.ATTRIBUTE)
                                .replace("$PART", PartArchive.CLASS));
        int number = 0;
        for (String call : calls) {
            text.append(call.replace("$N", Integer.toString(number++)));
        }
        state(text, archive.state());
        bind(text, archive.state());
        write(text, archive.state());
        return text.toString();
    }

    private static void state(StringBuilder text, List<StateEntry> state) {
        text.append("  def state(self: " + PartArchive.CLASS + ") -> List[Tensor]:\n");
        text.append("    out = annotate(List[Tensor], [])\n");
        for (int i = 0; i < state.size(); i++) {
            text.append("    a" + i + " = torch.append(out, ")
                    .append(access(state.get(i).path()))
                    .append(")\n");
        }
        text.append("    return out\n");
    }

    /** Gives the module other tensors in place of its own. */
    private static void bind(StringBuilder text, List<StateEntry> state) {
        text.append("  def bind(self: " + PartArchive.CLASS + ",\n");
        text.append("    w: List[Tensor]) -> NoneType:\n");
        for (int i = 0; i < state.size(); i++) {
            String path = state.get(i).path();
            int dot = path.lastIndexOf('.');
            String name = path.substring(dot + 1);
            if (!isIdentifier(name)) {
                continue;
            }
            text.append("    m" + i + " = ")
                    .append(
                            dot < 0
                                    ? "self." + PartArchive.ATTRIBUTE
                                    : access(path.substring(0, dot)))
                    .append("\n    m" + i + "." + name + " = w[" + i + "]\n");
        }
        text.append("    return None\n");
    }

    /** Copies numbers into the module's tensors. */
    private static void write(StringBuilder text, List<StateEntry> state) {
        text.append("  def write(self: ").append(PartArchive.CLASS).append(",\n");
        text.append("    w: List[Tensor]) -> NoneType:\n");
        for (int i = 0; i < state.size(); i++) {
            text.append("    a" + i + " = torch.copy_(")
                    .append(access(state.get(i).path()))
                    .append(", w[" + i + "])\n");
        }
        text.append("    return None\n");
    }

    /** Whether {@link #bind} reaches a tensor. */
    static boolean isBindable(StateEntry entry) {
        return isIdentifier(entry.path().substring(entry.path().lastIndexOf('.') + 1));
    }

    private static String access(String path) {
        String expression = "self." + PartArchive.ATTRIBUTE;
        for (String name : path.split("\\.", -1)) {
            expression =
                    isIdentifier(name)
                            ? expression + "." + name
                            : "getattr(" + expression + ", \"" + name + "\")";
        }
        return expression;
    }

    private static boolean isIdentifier(String name) {
        return IDENTIFIER.matcher(name).matches() && !WORDS.contains(name);
    }
}
