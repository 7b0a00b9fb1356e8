package io.github.djlblocks.checkpoint;

import ai.djl.MalformedModelException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** JSON read token by token, where every surprise, duplicate names too, is one kind of error. */
final class StrictJson {

    private final String file;
    private final String document;
    private final JsonReader reader;

    /** Reads the value of one member of an object. */
    interface Member {
        void read(String name) throws MalformedModelException;
    }

    private interface Step<T> {
        T run() throws IOException;
    }

    StrictJson(String file, String document, byte[] utf8) throws MalformedModelException {
        this.file = file;
        this.document = document;
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedModelException(
                    file
                            + ": "
                            + document
                            + " is not UTF-8 ("
                            + e.getMessage()
                            + "); fetch it again",
                    e);
        }
        reader = new JsonReader(new StringReader(text));
        reader.setStrictness(Strictness.STRICT);
    }

    void object(String what, Member member) throws MalformedModelException {
        expect(what, JsonToken.BEGIN_OBJECT);
        step(
                () -> {
                    reader.beginObject();
                    return true;
                });
        Set<String> seen = new HashSet<>();
        while (step(reader::hasNext)) {
            String name = step(reader::nextName);
            if (!seen.add(name)) {
                throw fault(what + " has '" + name + "' twice: names must be unique");
            }
            member.read(name);
        }
        step(
                () -> {
                    reader.endObject();
                    return true;
                });
    }

    String string(String what) throws MalformedModelException {
        expect(what, JsonToken.STRING);
        return step(reader::nextString);
    }

    void skip() throws MalformedModelException {
        step(
                () -> {
                    reader.skipValue();
                    return true;
                });
    }

    /** Reads an array of non-negative integers. */
    List<Long> longs(String what) throws MalformedModelException {
        expect(what, JsonToken.BEGIN_ARRAY);
        step(
                () -> {
                    reader.beginArray();
                    return true;
                });
        List<Long> values = new ArrayList<>();
        while (step(reader::hasNext)) {
            expect(what, JsonToken.NUMBER);
            String number = step(reader::nextString);
            values.add(nonNegative(what, number));
        }
        step(
                () -> {
                    reader.endArray();
                    return true;
                });
        return values;
    }

    void end() throws MalformedModelException {
        expect("the end of " + document, JsonToken.END_DOCUMENT);
    }

    MalformedModelException fault(String message) {
        return new MalformedModelException(file + ": " + message);
    }

    private long nonNegative(String what, String number) throws MalformedModelException {
        try {
            long value = Long.parseLong(number);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new MalformedModelException(outOfRange(what, number), e);
        }
        throw new MalformedModelException(outOfRange(what, number));
    }

    private String outOfRange(String what, String number) {
        return file
                + ": "
                + what
                + " contains "
                + number
                + ", expected integers from 0 to "
                + Long.MAX_VALUE
                + ": save the file again";
    }

    private void expect(String what, JsonToken expected) throws MalformedModelException {
        JsonToken token = step(reader::peek);
        if (token != expected) {
            throw fault(
                    what + " is " + token + " where " + expected + " is expected: fetch it again");
        }
    }

    private <T> T step(Step<T> step) throws MalformedModelException {
        try {
            return step.run();
        } catch (IOException | IllegalStateException e) {
            throw new MalformedModelException(
                    file
                            + ": "
                            + document
                            + " is not valid JSON: "
                            + e.getMessage()
                            + "; the file is damaged or of another format, fetch it again",
                    e);
        }
    }
}
