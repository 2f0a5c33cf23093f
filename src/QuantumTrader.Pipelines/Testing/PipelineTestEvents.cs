namespace QuantumTrader.Pipelines;

/// <summary>Turns the events of a test into values of their types.</summary>
public static class PipelineTestEvents
{
    /// <summary>The events, in order. Fields that are not known or cannot be read become findings, and their events are left out.</summary>
    public static IReadOnlyList<object> Read(IReadOnlyList<EventText> events, IEventFormat format, ICollection<Finding> findings)
    {
        var values = new List<object>();
        foreach (var text in events)
        {
            if (!HasKnownFields(text, format, findings))
            {
                continue;
            }

            try
            {
                values.Add(format.Read(new TextFieldReader(text.Fields)));
            }
            catch (FieldException e)
            {
                var entry = text.Node[e.Field];
                findings.Add(Reject(entry?.Value.Position ?? text.Position, entry is null ? text.Path : ConfigPath.Key(text.Path, e.Field), e.Message));
            }
        }

        return values;
    }

    /// <summary>Reports the fields of expected events that the format never writes; false when there are some.</summary>
    public static bool HasKnownFields(EventText text, IEventFormat format, ICollection<Finding> findings)
    {
        var unknown = text.Node.Entries.Where(e => !format.Fields.Contains(e.Key)).ToList();
        foreach (var entry in unknown)
        {
            findings.Add(Reject(entry.Position, ConfigPath.Key(text.Path, entry.Key), $"the event has no field '{entry.Key}'.") with
            {
                Legal = string.Join(", ", format.Fields),
                Nearest = NearestName.Of(entry.Key, format.Fields),
            });
        }

        return unknown.Count == 0;
    }

    private static Finding Reject(Position at, string path, string message) => new(
        FindingCodes.TestField.Severity, FindingCodes.TestField.Id, at.File, at.Line, at.Column, path, message);
}
