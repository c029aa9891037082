"""First schema."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="LogEntry",
            fields=[
                ("index", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.BinaryField(max_length=33, unique=True)),
                ("at_ms", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Pending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry", models.BinaryField(max_length=33, unique=True)),
                ("at_ms", models.PositiveBigIntegerField()),
            ],
        ),
    ]
