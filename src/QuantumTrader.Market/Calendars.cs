using QuantumTrader.Pipelines;
using YamlDotNet.RepresentationModel;

namespace QuantumTrader.Market;

/// <summary>The file <c>config/calendars.yml</c>.</summary>
internal static class Calendars
{
    private static readonly string[] Weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>The calendar with this name.</summary>
    public static TradingCalendar Find(string name, SectionContext files)
    {
        var file = new ConfigFile("calendar", "calendars.yml", files);
        var calendars = file.Read("calendars");
        if (ConfigFile.TryChild(calendars, name) is not { } found)
        {
            throw file.Unknown("calendar", name, calendars.Children.Keys.Select(file.Text));
        }

        var node = file.Mapping(found, name);
        file.OnlyKeys(node, "time_zone", "offsets", "days", "hours", "holidays");
        return new TradingCalendar(name, file.Text(file.Child(node, "time_zone")), Zone(file, node), Days(file, node), Hours(file, node), Holidays(file, node));
    }

    private static Func<long, long> Zone(ConfigFile file, YamlMappingNode node)
    {
        var zone = file.Child(node, "time_zone");
        var name = file.Text(zone);
        var offsets = new List<(int FromDay, long Offset)>();
        foreach (var entry in file.Sequence(ConfigFile.TryChild(node, "offsets"), "offsets"))
        {
            var map = file.Mapping(entry, "offsets");
            file.OnlyKeys(map, "from", "utc");
            var from = file.Date(file.Child(map, "from"));
            if (offsets.Count > 0 && from <= offsets[^1].FromDay)
            {
                throw file.Error(entry, "the dates of 'offsets' must go up.");
            }

            offsets.Add((from, file.TimeOfDay(file.Child(map, "utc"))));
        }

        if (offsets.Count > 0)
        {
            return ZoneOffset.OfTable(offsets);
        }

        if (name == "UTC")
        {
            return ZoneOffset.Utc;
        }

        try
        {
            return ZoneOffset.Of(TimeZoneInfo.FindSystemTimeZoneById(name));
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            throw new ConfigurationException("calendar", file.Error(zone, $"the time zone '{name}' was not found on this machine. Install the package tzdata, correct the name, or give the calendar a list 'offsets'.").Message)
            {
                Outside = true,
            };
        }
    }

    private static bool[] Days(ConfigFile file, YamlMappingNode node)
    {
        var days = new bool[7];
        foreach (var entry in file.Sequence(file.Child(node, "days"), "days"))
        {
            var day = Array.IndexOf(Weekdays, file.Text(entry));
            if (day < 0)
            {
                throw file.Error(entry, $"'{file.Text(entry)}' is no day; legal are: {string.Join(", ", Weekdays)}.");
            }

            days[day] = true;
        }

        return days;
    }

    private static SessionHours[] Hours(ConfigFile file, YamlMappingNode node)
    {
        var hours = new List<SessionHours>();
        foreach (var entry in file.Sequence(file.Child(node, "hours"), "hours"))
        {
            var map = file.Mapping(entry, "hours");
            file.OnlyKeys(map, "open", "close", "from", "to");
            var session = new SessionHours(
                ConfigFile.TryChild(map, "from") is { } from ? file.Date(from) : int.MinValue,
                ConfigFile.TryChild(map, "to") is { } to ? file.Date(to) : int.MaxValue,
                file.TimeOfDay(file.Child(map, "open")),
                file.TimeOfDay(file.Child(map, "close")));
            if (session.Open < 0 || session.Open >= session.Close || session.FromDay > session.ToDay)
            {
                throw file.Error(entry, "'open' must be before 'close', and 'from' not after 'to'. A session over midnight is not supported.");
            }

            hours.Add(session);
        }

        return hours.Count > 0 ? [.. hours] : throw file.Error(node, "'hours' was empty; it needs at least one entry such as { open: 09:00, close: 18:30 }.");
    }

    private static HashSet<int> Holidays(ConfigFile file, YamlMappingNode node) =>
        [.. file.Sequence(ConfigFile.TryChild(node, "holidays"), "holidays").Select(file.Date)];
}
