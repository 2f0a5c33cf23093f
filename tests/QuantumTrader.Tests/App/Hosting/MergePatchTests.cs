using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.Tests.App.Hosting;

public sealed class MergePatchTests
{
    [Fact]
    public void A_patch_turns_any_document_into_any_other()
    {
        var documents = Document(3).ToArbitrary();
        Prop.ForAll(documents, documents, (before, after) =>
        {
            var patch = Between(before, after);
            var patched = patch is null ? Parse(before) : Patched(Parse(before), Parse(patch));
            return JsonNode.DeepEquals(Stripped(patched), Stripped(Parse(after))) && (patch is null) == JsonNode.DeepEquals(Parse(before), Parse(after));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Theory]
    [InlineData("""{"a":1,"b":{"c":2,"d":3}}""", """{"a":1,"b":{"c":2,"d":4}}""", """{"b":{"d":4}}""")]
    [InlineData("""{"a":1,"b":2}""", """{"b":2}""", """{"a":null}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[1,3]}""", """{"a":[1,3]}""")]
    [InlineData("""{"a":{"b":1}}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{}""", """{"a":{"b":null,"c":1}}""", """{"a":{"c":1}}""")]
    [InlineData("""{"a":1}""", """{"a":1}""", null)]
    public void Only_what_changed_is_in_it(string before, string after, string? patch) => Between(before, after).ShouldBe(patch);

    /// <summary>RFC 7396, section 2, word by word.</summary>
    internal static JsonNode? Patched(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = target as JsonObject ?? [];
        foreach (var (name, value) in changes)
        {
            if (value is null)
            {
                result.Remove(name);
            }
            else
            {
                result.TryGetPropertyValue(name, out var old);
                result.Remove(name);
                result[name] = Patched(old, value);
            }
        }

        return result;
    }

    private static string? Between(string before, string after)
    {
        using var old = JsonDocument.Parse(before);
        using var now = JsonDocument.Parse(after);
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        if (!MergePatch.TryWrite(writer, old.RootElement, now.RootElement))
        {
            return null;
        }

        writer.Flush();
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static JsonNode Parse(string text) => JsonNode.Parse(text)!;

    // Members that are null count as not there.
    private static JsonNode? Stripped(JsonNode? node) => node is JsonObject o
        ? new JsonObject(o.Where(m => m.Value is not null).Select(m => KeyValuePair.Create(m.Key, Stripped(m.Value))))
        : node?.DeepClone();

    private static Gen<string> Document(int depth) =>
        Gen.Elements("a", "b", "c", "d").SelectMany(_ => Value(depth)).ListOf().Select(values => values.Take(4).ToList())
            .Select(values => "{" + string.Join(',', values.Select((v, i) => $"\"{"abcd"[i]}\":{v}")) + "}");

    private static Gen<string> Value(int depth) => depth == 0
        ? Gen.Elements("null", "1", "2.5", "\"x\"", "true", "[]", "[1,null]", "{}")
        : Gen.Frequency((3, Gen.Elements("null", "1", "2", "\"x\"", "[1,{\"a\":2}]")), (2, Document(depth - 1)));
}
