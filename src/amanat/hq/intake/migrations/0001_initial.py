"""First schema."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Ballot",
            fields=[
                ("id", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("core", models.BinaryField()),
                ("signature", models.BinaryField(max_length=64)),
                ("ph", models.BinaryField(max_length=32)),
                ("issuer", models.PositiveBigIntegerField()),
                ("device", models.PositiveBigIntegerField()),
                ("station", models.PositiveBigIntegerField(db_index=True)),
                ("wall_ms", models.PositiveBigIntegerField(db_index=True)),
                ("verdict", models.TextField(db_index=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("raw", models.BinaryField()),
                ("reason", models.TextField()),
                ("device", models.PositiveBigIntegerField(null=True)),
                ("at_ms", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("device", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("gateway", models.PositiveBigIntegerField()),
                ("heard_ms", models.PositiveBigIntegerField()),
                ("seq", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Loose",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("device", models.PositiveBigIntegerField(db_index=True)),
                ("seq", models.PositiveBigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                ("prev", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="News",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField(max_length=10)),
                ("station", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Permit",
            fields=[
                ("ph", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("serial", models.BinaryField(max_length=16)),
                ("device", models.PositiveBigIntegerField()),
                ("station", models.PositiveBigIntegerField()),
                ("terminal", models.PositiveBigIntegerField()),
                ("replaces", models.BinaryField(max_length=16, null=True)),
                ("permit", models.BinaryField()),
                ("signature", models.BinaryField(max_length=64)),
                ("private", models.BinaryField(null=True)),
                ("person", models.TextField(db_index=True, null=True)),
                ("seconds", models.PositiveBigIntegerField(null=True)),
                ("wall_ms", models.PositiveBigIntegerField()),
                ("sound", models.BooleanField(db_index=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Refusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("device", models.PositiveBigIntegerField()),
                ("station", models.PositiveBigIntegerField()),
                ("reason", models.TextField()),
                ("detail", models.TextField()),
                ("person", models.TextField(null=True)),
                ("seconds", models.PositiveBigIntegerField(null=True)),
                ("wall_ms", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Sheet",
            fields=[
                ("id", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("device", models.PositiveBigIntegerField(db_index=True)),
                ("sheet", models.BinaryField()),
                ("signature", models.BinaryField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Tip",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("device", models.PositiveBigIntegerField(db_index=True)),
                ("seq", models.PositiveBigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("device", models.PositiveBigIntegerField()),
                ("seq", models.PositiveBigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                ("kind", models.TextField()),
                ("entry", models.BinaryField()),
                ("signature", models.BinaryField(max_length=64)),
                ("private", models.BinaryField(null=True)),
                ("forked", models.BooleanField()),
                ("wall_ms", models.PositiveBigIntegerField()),
                ("arrived_ms", models.PositiveBigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["kind"], name="entry_kind")],
                "constraints": [models.UniqueConstraint(fields=("device", "seq", "hash"), name="entry_once")],
            },
        ),
    ]
