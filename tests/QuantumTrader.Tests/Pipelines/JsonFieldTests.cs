using System.Buffers;
using System.Text;
using System.Text.Json;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class JsonFieldTests
{
    private static byte[] Write(Action<JsonFieldWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartObject();
        write(new JsonFieldWriter(json));
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    private static JsonFieldReader Load(string json)
    {
        var reader = new JsonFieldReader();
        reader.TryLoad(Encoding.UTF8.GetBytes(json), out var reason).ShouldBeTrue(reason);
        return reader;
    }

    [Fact]
    public void Fields_are_plain_JSON_with_times_in_microseconds() =>
        Encoding.UTF8.GetString(Write(f =>
        {
            f.Time("ts", 1_723_075_200_000_000_000);
            f.Time("recv", 1_723_075_200_000_000_001);
            f.Fixed("price", -50);
            f.Real("odd", double.NaN);
            f.Text("word", "a\"b");
            f.Reals("values", [1, 2.5, double.NegativeInfinity]);
            f.Bits("warm", [0x7ff, 1]);
        })).ShouldBe("""{"ts_us":1723075200000000,"recv_us":1723075200000000.001,"price":-0.0000005,"odd":"NaN","word":"a\u0022b","values":[1,2.5,"-Infinity"],"warm":"00000000000007ff0000000000000001"}""");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(5432_50_000_000)]
    [InlineData(9_223_372_036_799_999_999)]
    [InlineData(-9_223_372_036_799_999_999)]
    public void Numbers_come_back_exactly(long value)
    {
        var reader = Load(Encoding.UTF8.GetString(Write(f =>
        {
            f.Whole("whole", value);
            f.Fixed("fixed", value);
            f.Time("time", value);
        })));
        reader.Time("time").ShouldBe(value);
        reader.Fixed("fixed").ShouldBe(value);
        reader.Whole("whole").ShouldBe(value);
    }

    [Fact]
    public void Texts_vectors_and_bits_come_back()
    {
        var reader = Load(Encoding.UTF8.GetString(Write(f =>
        {
            f.Text("text", "a\"b\\c é");
            f.Text("symbol", "WDOU25");
            f.Reals("values", [0.1, double.NaN, double.PositiveInfinity, -1e-300]);
            f.Bits("bits", [ulong.MaxValue, 5]);
            f.Real("real", 0.1);
        })));
        reader.Text("text").ShouldBe("a\"b\\c é");
        reader.Text("symbol").ShouldBeSameAs(reader.Text("symbol"));
        reader.Reals("values").ShouldBe([0.1, double.NaN, double.PositiveInfinity, -1e-300]);
        reader.Bits("bits").ShouldBe([ulong.MaxValue, 5]);
        reader.Real("real").ShouldBe(0.1);
    }

    [Fact]
    public void What_is_not_there_is_its_default_and_null_is_not_there()
    {
        var reader = Load("""{"gone":null,"nested":{"gone":1,"price":2},"price":3}""");
        reader.Has("gone").ShouldBeFalse();
        reader.Whole("gone").ShouldBe(0);
        reader.Text("x").ShouldBe("");
        reader.Reals("x").ShouldBeEmpty();
        reader.Fixed("price").ShouldBe(3 * Scaled.One, "not the one inside another object");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"a\":1}x")]
    [InlineData("{\"a\":01}")]
    [InlineData("nonsense")]
    public void What_is_no_object_is_refused_with_the_reason(string json)
    {
        new JsonFieldReader().TryLoad(Encoding.UTF8.GetBytes(json), out var reason).ShouldBeFalse();
        reason.ShouldNotBeEmpty();
    }

    [Fact]
    public void A_field_of_the_wrong_kind_is_refused_by_name()
    {
        var reader = Load("""{"n":"x","t":1,"ts_us":"now","v":[1,"x"],"b":"12","big":1e99}""");
        Should.Throw<FieldException>(() => reader.Whole("n")).Message.ShouldBe("'x' is not a whole number.");
        Should.Throw<FieldException>(() => reader.Text("t")).Field.ShouldBe("t");
        Should.Throw<FieldException>(() => reader.Time("ts")).Message.ShouldBe("'now' is not a moment in µs since 1970 UTC.");
        Should.Throw<FieldException>(() => reader.Reals("v"));
        Should.Throw<FieldException>(() => reader.Bits("b"));
        Should.Throw<FieldException>(() => reader.Fixed("big"));
    }

    [Fact]
    public void An_object_without_end_is_refused()
    {
        var many = "{" + string.Join(",", Enumerable.Range(0, JsonFieldReader.MaxMembers + 1).Select(i => $"\"a{i}\":1")) + "}";
        new JsonFieldReader().TryLoad(Encoding.UTF8.GetBytes(many), out var reason).ShouldBeFalse();
        reason.ShouldContain("more than 1024 members");
    }

    [Fact]
    public void Reading_the_same_fields_again_and_again_allocates_nothing()
    {
        var json = """{"symbol":"WDOU25","ts_us":1723075200000000,"seq":5,"price":5432.5,"kind":"trade"}"""u8.ToArray();
        var reader = new JsonFieldReader();
        long Once()
        {
            reader.TryLoad(json, out _);
            return reader.Time("ts") + reader.Fixed("price") + reader.Whole("seq") + reader.Text("symbol").Length + reader.Text("kind").Length;
        }

        for (var i = 0; i < 100; i++)
        {
            Once();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Once();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }
}
