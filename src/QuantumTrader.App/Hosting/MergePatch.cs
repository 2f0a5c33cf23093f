using System.Text.Json;

namespace QuantumTrader.App.Hosting;

/// <summary>
/// Differences of JSON objects as JSON merge patches (RFC 7396): what is in the patch replaces, null removes, objects merge. A member that is
/// null is therefore not told from one that is not there, and is never written.
/// </summary>
internal static class MergePatch
{
    /// <summary>Writes the patch that turns one object into another; false, and nothing written, when they are equal.</summary>
    public static bool TryWrite(Utf8JsonWriter writer, JsonElement before, JsonElement after)
    {
        if (JsonElement.DeepEquals(before, after))
        {
            return false;
        }

        WriteChanges(writer, before, after);
        return true;
    }

    /// <summary>Writes a value without the members that are null.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            value.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        foreach (var member in Members(value))
        {
            writer.WritePropertyName(member.Name);
            Write(writer, member.Value);
        }

        writer.WriteEndObject();
    }

    private static void WriteChanges(Utf8JsonWriter writer, JsonElement before, JsonElement after)
    {
        writer.WriteStartObject();
        foreach (var member in Members(after))
        {
            var isThere = before.TryGetProperty(member.Name, out var old) && old.ValueKind != JsonValueKind.Null;
            if (isThere && JsonElement.DeepEquals(old, member.Value))
            {
                continue;
            }

            writer.WritePropertyName(member.Name);
            if (isThere && old.ValueKind == JsonValueKind.Object && member.Value.ValueKind == JsonValueKind.Object)
            {
                WriteChanges(writer, old, member.Value);
            }
            else
            {
                Write(writer, member.Value);
            }
        }

        foreach (var member in Members(before))
        {
            if (!after.TryGetProperty(member.Name, out var now) || now.ValueKind == JsonValueKind.Null)
            {
                writer.WriteNull(member.Name);
            }
        }

        writer.WriteEndObject();
    }

    private static IEnumerable<JsonProperty> Members(JsonElement value) => value.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null);
}
