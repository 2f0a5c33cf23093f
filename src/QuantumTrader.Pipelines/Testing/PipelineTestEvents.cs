using System.Globalization;

namespace QuantumTrader.Pipelines;

/// <summary>Turns the events of a test into values of their types.</summary>
public static class PipelineTestEvents
{
    /// <summary>The field by which events are numbered.</summary>
    private const string Sequence = "seq";

    /// <summary>The events that a test inserts. What is wrong with the fields, also of what it expects, becomes findings.</summary>
    public static IReadOnlyDictionary<(string Block, string? Port), IReadOnlyList<object>> Read(PipelineTest test, BlockFactory factory, ICollection<Finding> findings)
    {
        foreach (var expected in test.Expect)
        {
            foreach (var text in expected.Events)
            {
                HasKnownFields(text, factory.Format(expected.EventType)!, findings);
            }
        }

        return test.Insert.ToDictionary(i => (i.Block, i.Port), i => Read(i.Events, factory.Format(i.EventType)!, findings));
    }

    /// <summary>
    /// The events, in order; those that name no <c>seq</c> get the one behind that of the event before, from 1. Fields that are not known
    /// or cannot be read become findings, and their events are left out.
    /// </summary>
    public static IReadOnlyList<object> Read(IReadOnlyList<EventText> events, IEventFormat format, ICollection<Finding> findings)
    {
        var values = new List<object>();
        var sequence = 0L;
        foreach (var text in events.Where(e => HasKnownFields(e, format, findings)))
        {
            try
            {
                var given = new TextFieldReader(text.Fields);
                if (given.Has(Sequence) && given.Whole(Sequence) < sequence)
                {
                    throw new FieldException(Sequence, $"found {given.Whole(Sequence)} behind {sequence}. Along one stream it never decreases.");
                }

                sequence = given.Has(Sequence) ? given.Whole(Sequence) : sequence + 1;
                values.Add(format.Read(new TextFieldReader(new Dictionary<string, string>(text.Fields) { [Sequence] = sequence.ToString(CultureInfo.InvariantCulture) })));
            }
            catch (FieldException e)
            {
                var (at, path) = text.Locate(e.Field);
                findings.Add(Reject(at, path, e.Message));
            }
        }

        return values;
    }

    /// <summary>Reports the fields of expected events that the format never writes; false when there are some.</summary>
    private static bool HasKnownFields(EventText text, IEventFormat format, ICollection<Finding> findings)
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
